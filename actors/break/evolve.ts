/** How a break changes: every list bounded, the oldest left out first (K3). Nothing here decides. */
import { COMMENT_CHARACTERS_KEPT, COMMENTS_KEPT, EVIDENCE_CHARACTERS, EVIDENCE_KEPT, HISTORY_KEPT } from './state.ts';
import type { Break } from './state.ts';

export interface Happening {
  readonly at: number;
  readonly what: string;
  readonly by: string | null;
}

export function withHistory(state: Break, happening: Happening): Break {
  return { ...state, history: [...state.history, happening].slice(-HISTORY_KEPT), historyCount: state.historyCount + 1 };
}

export function withComment(state: Break, comment: Break['comments'][number]): Break {
  const comments = [...state.comments, comment].slice(-COMMENTS_KEPT);
  let characters = comments.reduce((sum, { text }) => sum + text.length, 0);
  while (characters > COMMENT_CHARACTERS_KEPT) characters -= comments.shift()?.text.length ?? characters;
  return { ...state, comments, commentCount: state.commentCount + 1 };
}

/** What was found before stays unless the same fact is told anew. */
export function withEvidence(state: Break, evidence: Readonly<Record<string, string>>): Break {
  const merged = { ...state.evidence };
  for (const [key, value] of Object.entries(evidence)) {
    if (key in merged || Object.keys(merged).length < EVIDENCE_KEPT) merged[key] = value.slice(0, EVIDENCE_CHARACTERS);
  }
  return { ...state, evidence: merged };
}

export function resolved(state: Break, how: { at: number; resolution: string; reason: string; by: string | null }): Break {
  const { at, resolution, reason, by } = how;
  const done: Break = { ...state, status: 'resolved', resolvedAt: at, resolution: { resolution, reason, by }, reference: null };
  return withHistory(done, { at, what: `resolved: ${resolution}`, by });
}

/** Open, for the first time or again. */
export function opened(state: Break, at: number): Break {
  const open: Break = { ...state, status: 'open', openedAt: at, resolvedAt: null, resolution: null };
  return withHistory(open, { at, what: state.status === 'none' ? 'opened' : 'opened again', by: null });
}
