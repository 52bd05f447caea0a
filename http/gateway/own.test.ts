import test from 'ava';
import { initialVirtualAccount } from '../../actors/virtual-account/state.ts';
import { Problem } from '../problem.ts';
import { untilOpened } from './own.ts';

const NUMBER = '123170000000017';

/** A gateway whose wallet is open at so many milliseconds of a clock that only sleeping moves. */
function gateway(openAt: number) {
  const looks: number[] = [];
  const clock = { ms: 0 };
  const state = (status: 'unopened' | 'active') => ({ ...initialVirtualAccount(), status });
  const parts = {
    system: {
      ...{ wallMs: () => clock.ms, monotonicMs: () => clock.ms },
      alarm(ms: number, run: () => void) {
        clock.ms += ms;
        queueMicrotask(run);
        return () => undefined;
      },
    },
    watch: () => () => undefined,
    wallet() {
      looks.push(clock.ms);
      return Promise.resolve(
        clock.ms < openAt / 2 ? null : { state: state(clock.ms < openAt ? 'unopened' : 'active'), asOf: '0-1' as const },
      );
    },
  };
  return { looks, parts };
}

test('a wallet is answered for when its account has opened, not while only its owner knows it', async (t) => {
  const { looks, parts } = gateway(400);
  const view = await untilOpened(parts, NUMBER);
  t.is(view.state.status, 'active');
  t.deepEqual(looks, [0, 100, 200, 300, 400]);
});

test('an account that does not open in time is 503 with a code, to be asked again with the same key', async (t) => {
  const refusal = await t.throwsAsync(untilOpened(gateway(60_000).parts, NUMBER), { instanceOf: Problem });
  t.like(refusal.facts, { status: 503, code: 'wallet_opening', headers: { 'Retry-After': '1' } });
});
