import { texts } from '@/texts'
import * as words from '@/texts/en/shift'

/** The words of the shift come with its pages: whoever has none of them does not wait for theirs. */
texts.addResourceBundle('en', 'texts', { ...words })
