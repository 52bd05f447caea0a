/** All endpoints of the gateway: everything that clients see. */
import type { Endpoint } from '../endpoint.ts';
import { historyEndpoints } from './history.ts';
import type { GatewayParts } from './parts.ts';
import { checkoutEndpoint, topUpEndpoints } from './top-ups.ts';
import { walletEndpoints } from './wallets.ts';

export function gatewayEndpoints(parts: GatewayParts): Endpoint[] {
  return [...walletEndpoints(parts), ...topUpEndpoints(parts), ...historyEndpoints(parts), checkoutEndpoint(parts)];
}
