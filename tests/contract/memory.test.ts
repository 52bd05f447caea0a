/** The in-memory ports keep the contracts that the real server keeps. */
import { createMemoryPorts } from '../../mocks/memory/ports.ts';
import { createMemorySystem } from '../../mocks/memory/system.ts';
import { agreedContract } from './agreed.ts';
import { effectsContract } from './effects.ts';
import { layout } from './fixture.ts';
import type { ContractPorts } from './fixture.ts';
import { hintsContract } from './hints.ts';
import { leasesContract } from './leases.ts';
import { mailboxesContract } from './mailboxes.ts';
import { operationsContract } from './operations.ts';
import { outboxContract } from './outbox.ts';

function create(cluster = false): Promise<ContractPorts> {
  const system = createMemorySystem();
  const ports = createMemoryPorts({ layout, system, cluster });
  return Promise.resolve({ ...ports, passTime: (ms: number) => system.advance(ms), close: () => Promise.resolve() });
}

for (const contract of [mailboxesContract, leasesContract, effectsContract, operationsContract, hintsContract, agreedContract])
  contract('in-memory', () => create());

for (const contract of [mailboxesContract, operationsContract, outboxContract]) contract('in-memory cluster', () => create(true));
