import test from 'ava';
import { foreign } from './children.ts';

test("settings of another system in the caller's environment do not reach the demo's processes", (t) => {
  t.deepEqual(foreign({ PATH: '/bin', FEE_POLICY: 'customer', JWT_ISSUER: 'somebody', REDIS_URL: 'redis://elsewhere' }), { PATH: '/bin' });
});
