/**
 * The load of `accept`, in a process of its own: top-up requests at a constant rate, each with its own key, latency corrected for requests
 * that had to wait for a connection (autocannon's coordinated omission). Reads its task from the environment, prints one JSON line.
 */
import autocannon from 'autocannon';
import { randomUUID } from 'node:crypto';

const { LOAD_URL = '', LOAD_TOKEN = '', LOAD_WALLETS = '', LOAD_RATE = '500', LOAD_SECONDS = '20' } = process.env;
const wallets = LOAD_WALLETS.split(',');
let next = 0;

const result = await autocannon({
  url: LOAD_URL,
  connections: 50,
  overallRate: Number(LOAD_RATE),
  duration: Number(LOAD_SECONDS),
  requests: [
    {
      method: 'POST',
      setupRequest: (request) => {
        const wallet = wallets[next++ % wallets.length] ?? '';
        return {
          ...request,
          path: `/v1/wallets/${wallet}/top-ups`,
          headers: { authorization: `Bearer ${LOAD_TOKEN}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
          body: '{"amount":"100.00","currency":"SAR"}',
        };
      },
    },
  ],
});
const { latency, requests, errors, timeouts, non2xx } = result;
process.stdout.write(
  `${JSON.stringify({ p50Ms: latency.p50, p99Ms: latency.p99, maxMs: latency.max, sent: requests.total, perSecond: requests.average, errors: errors + timeouts + non2xx })}\n`,
);
