package org.sled.cli.demo;

import org.sled.cli.texts.DemoPrompts;
import org.sled.device.GenerationEnd;

/**
 * One stream of the demo, as its device got it.
 *
 * @param device the device's number, from 0
 * @param promptNumber see {@link DemoPrompts}
 * @param prompt the prompt's tokens
 * @param tokens what came, verified by the server
 * @param end why it ended; CANCELLED when the time was over
 */
@SuppressWarnings("ArrayRecordComponent") // never compared as a whole, and long
record DemoStream(int device, int promptNumber, int[] prompt, int[] tokens, GenerationEnd end) {}
