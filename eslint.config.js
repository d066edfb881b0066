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
  {
    // VS Code makes links, which run commands, and icons of what stands in a plain text. The types of
    // extension/src/shown let no text of a run through that was not made safe.
    files: ['extension/src/**'],
    ignores: ['extension/src/shown/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'vscode',
              importNames: [
                'window',
                'MarkdownString',
                'TreeItem',
                'FileSystemError',
                'tests',
                'TestMessage',
              ],
              allowTypeImports: true,
              message: 'Show texts through the files of extension/src/shown.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "TSAsExpression TSTypeReference[typeName.name='SafeText']",
          message: 'Only foreignText() and t() make a text safe.',
        },
      ],
    },
  },
  {
    // What a terminal is sent may clear its screen or write to the clipboard: see terminal.ts.
    files: ['server/src/cli/**'],
    ignores: ['server/src/cli/terminal/terminal.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...['stdout', 'stderr'].map((property) => ({
          object: 'process',
          property,
          message: 'Write through STDOUT and STDERR of terminal.ts.',
        })),
      ],
    },
  },
);
