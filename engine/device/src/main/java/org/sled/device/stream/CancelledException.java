package org.sled.device.stream;

/** Leads out of the draft loop when the generation was cancelled; never leaves this package. */
public final class CancelledException extends Exception {
  private static final long serialVersionUID = 1L;

  public CancelledException() {
    super("cancelled", null, false, false);
  }
}
