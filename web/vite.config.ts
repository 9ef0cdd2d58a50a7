import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { VitePWA } from 'vite-plugin-pwa'
import { defineConfig } from 'vitest/config'
import { compressed } from './compressed.ts'
import { mockServer } from './mock-server.ts'

const server = process.env.LAMPLIGHT_SERVER ?? 'http://localhost:8080'
const mocked = process.env.LAMPLIGHT_MOCK === '1'

export default defineConfig({
  plugins: [
    react(),
    mocked && mockServer(),
    // Keeps the app's own files, so that it starts without a network; never an answer of the server.
    VitePWA({
      filename: 'worker.js',
      // The app registers it itself, under its Trusted Types policy (src/app/worker.ts), and writes its manifest.
      injectRegister: null,
      manifest: false,
      registerType: 'prompt',
      workbox: {
        inlineWorkboxRuntime: true,
        sourcemap: false,
        // What draws PDFs is large, and of no use without a network.
        globIgnores: ['assets/preview-*', 'assets/pdf*'],
        globPatterns: ['index.html', 'assets/*.{js,css}', '*.{svg,png,webmanifest}'],
        navigateFallback: '/index.html',
        // The app's pages; what is not one of them is the server's to answer.
        navigateFallbackAllowlist: [
          /^\/(sign-in|forgot|reset|email|invitation|enroll|account|authorize)?$/,
          /^\/(open|c|console)(\/|$)/,
        ],
        runtimeCaching: [],
        cleanupOutdatedCaches: true,
      },
    }),
    compressed(),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: mocked ? {} : { '/api': server, '/oauth': server, '/fhir': server, '/platform': server } },
  build: {
    target: ['es2023', 'chrome120', 'firefox121', 'safari17'],
    // Nothing may become a data: address, which the CSP allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      // The app, and the page in whose frame documents are drawn.
      input: ['index.html', 'preview.html'],
      output: { entryFileNames: 'assets/[name]-[hash].js', chunkFileNames: 'assets/[name]-[hash].js' },
    },
  },
  test: {
    // Each test runs the whole app; a busy machine takes its time.
    testTimeout: 30_000,
    environment: 'jsdom',
    globals: true,
    setupFiles: ['src/test/setup.ts'],
    restoreMocks: true,
    css: false,
    // Stories run the whole app: what settles by itself is no fault.
    onConsoleLog: (log) => !/not wrapped in act|Error in route match|use-focus-trap/.test(log),
    maxWorkers: 2,
  },
})
