/**
 * Turns what the wire calls a thing into what the native library calls it, and back. The protocol
 * knows no JNI and the bindings know no protocol; server and device need both, and must agree: what
 * stands here is said once. Without state: any thread may call it.
 */
package org.sled.bridge;
