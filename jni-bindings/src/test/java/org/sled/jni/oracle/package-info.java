/**
 * {@code native/SAMPLING.md} once more, in plain Java: slow, obvious, and written from the text
 * alone. The native sampling is compared with it bit for bit.
 */
package org.sled.jni.oracle;
