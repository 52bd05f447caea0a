/** What the gateway is made of; `main.ts` brings it. */
import type { ActorId } from '../../engine/message.ts';
import type { System } from '../../engine/ports.ts';
import type { OwnerState } from '../../actors/owner/state.ts';
import type { PaymentState } from '../../actors/payment/state.ts';
import type { VirtualAccountState } from '../../actors/virtual-account/state.ts';
import type { Ask } from '../command.ts';
import type { ManyReader, ReadPostings, Reader } from '../reading.ts';

export interface GatewayParts {
  readonly ask: Ask;
  readonly owner: Reader<OwnerState>;
  readonly wallet: Reader<VirtualAccountState>;
  readonly wallets: ManyReader<VirtualAccountState>;
  readonly payment: Reader<PaymentState>;
  readonly postings: ReadPostings;
  /** Calls back when the actor may have moved. */
  watch(actor: ActorId, listener: () => void): () => void;
  /** The next free wallet number. */
  nextNumber(): Promise<string>;
  readonly bank: {
    readonly code: string;
    readonly prefix: string;
    readonly name: string;
    readonly bic: string;
    readonly beneficiary: string;
  };
  readonly currency: string;
  /** Kept by the installation: makes top-up ids that nobody can guess. */
  readonly secret: string;
  readonly system: Pick<System, 'wallMs' | 'monotonicMs' | 'alarm'>;
  /** Where customers reach us, without a slash at the end. */
  publicUrl(): string;
}
