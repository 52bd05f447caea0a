/**
 * One process of `ceiling`: its share of the bare loop. Usage: `ceiling-loop.js <Redis URL> <BareLoop as JSON> <Share as JSON>`; prints
 * messages per second.
 */
import { z } from 'zod';
import { loopAt } from './bare-loop.ts';
import { say } from './rig.ts';

const whole = z.number().int();
const loop = z.object({ actors: whole, messages: whole, page: whole, shards: whole });
const share = z.object({ process: whole, processes: whole, micros: z.number() });

const [, , url = '', options = '', of = ''] = process.argv;
say(String(await loopAt(url, loop.parse(JSON.parse(options)), share.parse(JSON.parse(of)))));
