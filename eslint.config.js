import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { configs } from 'typescript-eslint';

/**
 * The rules that need no types; `.oxlintrc.json` has those that do. Why each departure from the presets
 * exists is said beside it; there are no others.
 */
export default defineConfig(
  globalIgnores([
    'dist',
    'coverage',
    '.tools',
    '.venv',
    'runs',
    'demo',
    '**/fixtures',
    'server/models',
  ]),
  eslint.configs.recommended,
  configs.strict,
  configs.stylistic,
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // noUncheckedIndexedAccess makes `!` after a bounds check common in numeric loops.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // TypeScript checks the scripts' JSDoc types, and with them every name.
    files: ['**/*.mjs'],
    rules: { 'no-undef': 'off' },
  },
  {
    // What a page shows was written by a model: it is set as text, by ui/elements.ts, and never parsed.
    files: ['webview/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'srcdoc'].map(
          (property) => ({ property, message: 'Build elements with ui/elements.ts.' }),
        ),
        { object: 'document', property: 'write', message: 'Build elements with ui/elements.ts.' },
      ],
      'no-restricted-globals': ['error', 'DOMParser', 'eval'],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@vscode/webview-ui-toolkit',
              message: 'Only ui/toolkit.ts knows the toolkit, so that it can be replaced there.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['webview/src/ui/toolkit.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
);
