/** Looks for settlements that no webhook told of. */
import type { MoyasarClient } from './client.ts';
import { settlementList } from './wire.ts';

/** Pages of the list read at a time: two settlements a week come nowhere near. */
const PAGES_MAX = 50;

/** Ids of the settlements made after `since`, oldest first. Whoever is told of one twice does nothing. */
export async function pollSettlements(client: MoyasarClient, since: Date, signal?: AbortSignal): Promise<readonly string[]> {
  const ids: string[] = [];
  let page: number | null = 1;
  for (let read = 0; page !== null && read < PAGES_MAX; read++) {
    const path = `/settlements?created%5Bgt%5D=${encodeURIComponent(since.toISOString())}&page=${page}`;
    const list: { settlements: { id: string }[]; meta: { next_page?: number | null | undefined } } = await client.request(settlementList, {
      method: 'GET',
      path,
      ...(signal === undefined ? {} : { signal }),
    });
    ids.push(...list.settlements.map(({ id }) => id));
    page = list.meta.next_page ?? null;
  }
  return ids.reverse();
}
