/** How many tests passed, failed and were skipped, by AVA's TAP. */
export function countTap(text) {
  const lines = text.split('\n');
  const count = (pattern) => lines.filter((line) => pattern.test(line)).length;
  // TAP marks a skipped or unwritten test as ok: neither has passed.
  return {
    passed: count(/^ok\b(?!.*# (SKIP|TODO))/i),
    failed: count(/^not ok\b(?!.*# (SKIP|TODO))/i),
    skipped: count(/^(not )?ok\b.*# (SKIP|TODO)/i),
  };
}
