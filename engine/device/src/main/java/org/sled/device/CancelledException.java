package org.sled.device;

/** Leads out of the draft loop when the generation was cancelled; never leaves this package. */
final class CancelledException extends Exception {
  private static final long serialVersionUID = 1L;

  CancelledException() {
    super("cancelled", null, false, false);
  }
}
