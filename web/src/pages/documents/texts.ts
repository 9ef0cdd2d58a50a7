import { texts } from '@/texts'
import { documents } from '@/texts/en/documents'

texts.addResourceBundle('en', 'texts', { documents }, true, true)
