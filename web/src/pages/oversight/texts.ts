import { texts } from '@/texts'
import { oversight } from '@/texts/en/oversight'

/** The words of oversight come with its pages: whoever has none of them does not wait for theirs. */
texts.addResourceBundle('en', 'texts', { oversight }, true, true)
