import { texts } from '@/texts'
import { medications } from '@/texts/en/medications'

texts.addResourceBundle('en', 'texts', { medications }, true, true)
