import { defineConfig } from '@playwright/test'
import { findChromium } from './bin/chromium.ts'

// Each of the three workers starts a console of its own (e2e/fixtures.ts), so that tests never share one. They mostly
// wait: two leave half of two cores idle.
export default defineConfig({
  testDir: 'e2e',
  workers: 3,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  outputDir: 'test-results',
  use: {
    viewport: { width: 1440, height: 900 },
    // A trace of every test takes a fifth of the time: `npm run test:e2e -- FILE --trace on` makes one when it is needed.
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.VAULT_TEST_CHROMIUM ?? findChromium(),
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
