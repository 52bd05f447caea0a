import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const SIZES = {
  'max-lines-per-function': ['error', 70],
  'max-lines': ['error', 400],
  complexity: ['error', 12],
  'max-params': ['error', 3],
};

export default tseslint.config(
  { ignores: ['dist', 'dist-*', 'coverage', '.cache'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...SIZES,
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // A number in a text is what it looks like; the rule is for objects and for undefined.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports: a name is the same everywhere.' },
        { selector: 'TSAsExpression > TSAsExpression', message: 'A double assertion hides a type error: parse instead.' },
      ],
    },
  },
  {
    // Where texts of others arrive, no pattern may take longer than in proportion to the text.
    files: ['{actors,engine,http,providers}/**/*.ts', 'cli/logger.ts'],
    ignores: ['**/*.test.ts'],
    plugins: { regexp },
    rules: { 'regexp/no-super-linear-backtracking': 'error', 'regexp/no-super-linear-move': 'error' },
  },
  {
    // A file of given/when/then rows is one long list, and its callbacks say more in one place.
    files: ['**/*.test.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '*.js'],
    rules: { ...SIZES, eqeqeq: 'error', 'prefer-const': 'error', 'no-unused-vars': ['error', { varsIgnorePattern: '^_' }] },
  },
);
