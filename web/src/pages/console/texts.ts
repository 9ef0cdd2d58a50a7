import { texts } from '@/texts'
import { platform } from '@/texts/en/platform'

texts.addResourceBundle('en', 'texts', { platform }, true, true)
