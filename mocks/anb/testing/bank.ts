import type { ExecutionContext } from 'ava';
import { fakeAnbControl, type FakeAnbControl } from '../../control/client.ts';
import { startFakeAnb, type FakeAnb } from '../server.ts';
import type { FakeAnbOptions } from '../state.ts';

export const ACCOUNT = '0108000000010016';
export const OTHER = '0108000000020024';
export const DAY = '2026-03-02';
export const NUMBER = '123170000000017';
export const IBAN = 'SA8530100123170000000017';

export interface Transaction {
  uniqueId?: string;
  postDate: string;
  postingTime: string;
  amount: { amount: number };
  narrative: { narr1: string; narr2?: string; narr3?: string };
  refNum: string;
  partTrnType: string;
  partTrnSrlNum: string;
  runningBalance: { amount: number };
  samaNarr: string;
  iban?: string;
  category?: string;
}
export interface Statement {
  numberOfRecords: number;
  completed: boolean;
  offset?: string;
  broughtFrwdBalance: { amount: number; currencyCode: string };
  openingClrBalance: { amount: number };
  pageOpenBalance: { amount: number };
  closingBalance: { amount: number };
  statement: { transactions: Transaction[] } | null;
}

export interface Bank {
  server: FakeAnb;
  control: FakeAnbControl;
  token: () => Promise<string>;
  ask: (query?: Record<string, string>, token?: string) => Promise<{ status: number; text: string }>;
  statement: (query?: Record<string, string>) => Promise<Statement>;
}

export async function bank(t: ExecutionContext, options: FakeAnbOptions = {}): Promise<Bank> {
  const server = await startFakeAnb({
    seed: 7,
    accounts: [{ accountNumber: ACCOUNT, opening: '1000.00' }, { accountNumber: OTHER }],
    ...options,
  });
  t.teardown(() => server.close());
  const token = async (): Promise<string> => {
    const answer = await post(
      `${server.url}/v1/b2b-auth/oauth/accesstoken`,
      new URLSearchParams({ grant_type: 'client_credentials', client_id: 'mock-client', client_secret: 'mock-secret' }),
    );
    return (JSON.parse(answer.text) as { access_token: string }).access_token;
  };
  const ask: Bank['ask'] = async (query = {}, known) => {
    const asked = new URLSearchParams({ accountNumber: ACCOUNT, fromDate: DAY, toDate: DAY, type: 'JSON', ...query });
    return get(`${server.url}/v2/report/account/statement?${asked.toString()}`, known ?? (await token()));
  };
  const statement: Bank['statement'] = async (query) => JSON.parse((await ask(query)).text) as Statement;
  return { server, control: fakeAnbControl(server.url), token, ask, statement };
}

export async function post(
  url: string,
  body: URLSearchParams | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

export async function get(url: string, token: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text() };
}

export function rows(statement: Statement): Transaction[] {
  return statement.statement?.transactions ?? [];
}
