import { texts } from '.'
import * as words from './en/shift'

/** The words of the shift come with its pages: whoever has none of them does not wait for theirs. */
texts.addResourceBundle('en', 'texts', { ...words })
