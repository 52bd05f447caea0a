/** All endpoints of the gateway: everything that clients see, but the checkout. */
import type { Endpoint } from '../endpoint.ts';
import { historyEndpoints } from './history.ts';
import type { GatewayParts } from './parts.ts';
import { topUpEndpoints } from './top-ups.ts';
import { walletEndpoints } from './wallets.ts';

export function gatewayEndpoints(parts: GatewayParts): Endpoint[] {
  return [...walletEndpoints(parts), ...topUpEndpoints(parts), ...historyEndpoints(parts)];
}
