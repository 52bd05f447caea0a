/**
 * The bank's API over HTTP.
 *
 * A1  One token serves all calls until one of them is refused with 401; then one new token is fetched, however many calls wait, and the
 *     call is made once more.
 * A2  An error in the middle of paging is a fault, never an end.
 */
import { call, json, read, refusal } from '../calls.ts';
import type { Answer, Fetch } from '../calls.ts';
import { errorBody, token as tokenAnswer } from './wire.ts';

const PROVIDER = 'anb';
const TOKEN_PATH = '/v1/b2b-auth/oauth/accesstoken';

export interface AnbClientOptions {
  /** Without a version: `https://api.anb.com.sa`. */
  readonly apiUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch?: Fetch;
}

export interface AnbClient {
  /** The text of a successful answer; every other is a `Fault`. `path` with its query, escaped. */
  get(path: string, signal?: AbortSignal): Promise<string>;
}

export function createAnbClient({ apiUrl, clientId, clientSecret, fetch }: AnbClientOptions): AnbClient {
  const base = { provider: PROVIDER, ...(fetch === undefined ? {} : { fetch }) };
  const address = apiUrl.replace(/\/$/, '');
  let token: Promise<string> | null = null;

  async function newToken(): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    // Not with the signal of the call that happens to come first: others wait for this token too.
    const answer = await call({ ...base, url: `${address}${TOKEN_PATH}`, method: 'POST', headers, body: form.toString() });
    if (!isSuccess(answer)) throw refusal(PROVIDER, answer, messageOf(answer));
    return read(PROVIDER, tokenAnswer, json(PROVIDER, answer.text)).access_token;
  }

  /** The token in use, unless it is the one that was refused. A failed attempt is not kept. */
  function currentToken(refused: Promise<string> | null): Promise<string> {
    if (token !== null && token !== refused) return token;
    const fresh = newToken();
    token = fresh;
    fresh.catch(() => {
      if (token === fresh) token = null;
    });
    return fresh;
  }

  async function ask(path: string, bearer: string, signal?: AbortSignal): Promise<Answer> {
    const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' };
    return call({ ...base, url: `${address}${path}`, method: 'GET', headers, ...(signal === undefined ? {} : { signal }) });
  }

  return {
    async get(path, signal) {
      const used = currentToken(null);
      const first = await ask(path, await used, signal);
      const answer = first.status === 401 ? await ask(path, await currentToken(used), signal) : first;
      if (!isSuccess(answer)) throw refusal(PROVIDER, answer, messageOf(answer));
      return answer.text;
    },
  };
}

function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function messageOf({ text }: Answer): string | null {
  try {
    return errorBody.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
