import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { configs } from 'typescript-eslint';

/** Why each departure from the presets exists is said beside it; there are no others. */
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
  configs.strictTypeChecked,
  configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A number in a template string reads as what it is; the rule guards against objects.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `while (true)` is the plain way to write a loop that leaves from its middle.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // noUncheckedIndexedAccess makes `!` after a bounds check common in numeric loops.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // We have no enums, and seldom a class where an object would do. In all of this code these two
      // found nothing, in a sixth of the time that linting takes.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      eqeqeq: 'error',
    },
  },
  {
    // TypeScript checks the scripts' JSDoc types, and with them every name. The second rule does not
    // see the casts of JSDoc, which are how the scripts type what they parse.
    files: ['**/*.mjs'],
    rules: { 'no-undef': 'off', '@typescript-eslint/no-unsafe-assignment': 'off' },
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
    // vitest's `expect(object.method)` and async stand-ins without an await are idioms of tests.
    files: ['test/**'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
