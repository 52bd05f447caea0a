import { createApp } from '../control/app.ts';
import { controlRouter } from '../control/routes.ts';
import { listen, type Listening } from '../control/server.ts';
import { apiRouter, errorBody } from './api.ts';
import { controlRoutes } from './control.ts';
import { createState, type AnbState, type FakeAnbOptions } from './state.ts';

export interface FakeAnb extends Listening {
  state: AnbState;
}

/** The bank's API and notifications on a loopback port, with `/control` to move money at it. */
export async function startFakeAnb(options: FakeAnbOptions = {}): Promise<FakeAnb> {
  const state = createState(options);
  const routers = [apiRouter(state), controlRouter(controlRoutes(state))];
  const listening = await listen(createApp({ faults: state.faults, routers, errorBody }), options);
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
