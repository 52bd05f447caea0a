import { createApp } from '../control/app.ts';
import { controlRouter } from '../control/routes.ts';
import { listen, type Listening } from '../control/server.ts';
import { apiRouter, errorBody } from './api.ts';
import { checkoutRouter } from './checkout.ts';
import { controlRoutes } from './control.ts';
import { createState, type FakeMoyasarOptions, type MoyasarState } from './state.ts';

export interface FakeMoyasar extends Listening {
  state: MoyasarState;
}

/** Moyasar's API, hosted payment page and webhooks on a loopback port, with `/control` to play the customer and the provider. */
export async function startFakeMoyasar(options: FakeMoyasarOptions = {}): Promise<FakeMoyasar> {
  let url = options.publicUrl ?? '';
  const state = createState(options, () => url);
  const routers = [apiRouter(state), checkoutRouter(state), controlRouter(controlRoutes(state))];
  const listening = await listen(createApp({ faults: state.faults, routers, errorBody }), options);
  url = options.publicUrl ?? listening.url;
  return {
    ...listening,
    state,
    async close() {
      state.faults.close();
      await state.webhooks.close();
      await listening.close();
    },
  };
}
