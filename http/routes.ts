/** Which addresses a process serves: those of its roles, each once, and what every process says of itself. */
import type { Endpoint } from './endpoint.ts';
import type { GatewayParts } from './gateway/parts.ts';
import { gatewayEndpoints } from './gateway/routes.ts';
import { checkoutEndpoint } from './gateway/top-ups.ts';
import type { CheckoutParts } from './gateway/top-ups.ts';
import { healthEndpoints } from './health.ts';
import type { HealthParts } from './health.ts';
import type { OpsParts } from './ops/parts.ts';
import { opsEndpoints } from './ops/routes.ts';
import { anbWebhook } from './webhooks/anb.ts';
import { paymentWebhook, settlementWebhook } from './webhooks/moyasar.ts';
import type { OmnibusWebhookParts, PaymentWebhookParts } from './webhooks/parts.ts';

/** A role that this process has not is left out; `wallet` has no edge. */
export interface RouteParts {
  readonly gateway?: GatewayParts;
  readonly payments?: PaymentWebhookParts & CheckoutParts;
  readonly omnibus?: OmnibusWebhookParts & OpsParts;
  readonly health: HealthParts;
}

export function endpointsOf({ gateway, payments, omnibus, health }: RouteParts): Endpoint[] {
  const checkout = gateway ?? payments;
  const served = [
    ...(gateway === undefined ? [] : gatewayEndpoints(gateway)),
    ...(checkout === undefined ? [] : [checkoutEndpoint(checkout)]),
    ...(payments === undefined ? [] : [paymentWebhook(payments)]),
    ...(omnibus === undefined ? [] : [settlementWebhook(omnibus), anbWebhook(omnibus), ...opsEndpoints(omnibus)]),
  ];
  return [...served, ...healthEndpoints(health, served)];
}
