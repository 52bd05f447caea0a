/** All endpoints of operators. */
import type { Endpoint } from '../endpoint.ts';
import { actorEndpoints } from './actors.ts';
import { breakEndpoints } from './breaks.ts';
import type { OpsParts } from './parts.ts';
import { positionEndpoints } from './position.ts';
import { settlementEndpoints } from './settlements.ts';
import { statementEndpoints } from './statements.ts';
import { walletOperations } from './wallets.ts';

export function opsEndpoints(parts: OpsParts): Endpoint[] {
  return [
    ...statementEndpoints(parts),
    ...settlementEndpoints(parts),
    ...breakEndpoints(parts),
    ...walletOperations(parts),
    ...positionEndpoints(parts),
    ...actorEndpoints(parts),
  ];
}
