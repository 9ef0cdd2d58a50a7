import { texts } from '@/texts'
import { family } from '@/texts/en/family'

/** Words that only the pages of families show come with them. */
texts.addResourceBundle('en', 'texts', { family }, true, true)
