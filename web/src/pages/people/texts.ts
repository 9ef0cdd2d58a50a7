import { texts } from '@/texts'
import { outlook } from '@/texts/en/outlook'

texts.addResourceBundle('en', 'texts', { outlook }, true, true)
