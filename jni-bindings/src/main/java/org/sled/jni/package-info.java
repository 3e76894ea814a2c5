/**
 * The way from Java to llama.cpp: owners and off-heap layouts over {@code native/include/sled.h}.
 *
 * <p>{@link org.sled.jni.SledLibrary} loads the native libraries. Owners ({@link
 * org.sled.jni.Model}, {@link org.sled.jni.VerifyEngine}, {@link org.sled.jni.DraftContext}) hold a
 * native handle; {@link org.sled.jni.VerifySlots}, {@link org.sled.jni.StepStats}, {@link
 * org.sled.jni.DraftChoice} and {@link org.sled.jni.TokenBuffer} hold memory that both sides read
 * and write in place. All are {@link AutoCloseable}: closing twice does nothing, use after closing
 * throws a {@link org.sled.jni.SledException}, and a native handle is never freed behind the
 * caller's back; one that was forgotten is reported in the log.
 *
 * <p><b>Threads.</b> A {@code Model} may be used by any thread. An engine, a draft context and
 * everything off-heap belong to one thread at a time.
 *
 * <p><b>Errors.</b> Every failure is a {@link org.sled.jni.SledException} with the {@link
 * org.sled.jni.SledStatus} that {@code sled.h} gives it; the table there says which state survives.
 *
 * <p><b>Garbage.</b> {@link org.sled.jni.VerifyEngine#step} and {@link
 * org.sled.jni.DraftContext#decode}, and the accessors of the off-heap classes, allocate nothing.
 * Everything else may.
 */
package org.sled.jni;
