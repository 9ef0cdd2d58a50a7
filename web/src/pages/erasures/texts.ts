import { texts } from '@/texts'
import { erasures } from '@/texts/en/erasures'

/** The words of these pages come with them: few people ever see one. */
texts.addResourceBundle('en', 'texts', { erasures }, true, true)
