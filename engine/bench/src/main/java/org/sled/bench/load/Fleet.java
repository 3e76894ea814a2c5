package org.sled.bench.load;

import java.util.List;

/** The devices of a run, all connected to the same server. Close them after it. */
public interface Fleet extends AutoCloseable {
  /** Its devices. */
  List<? extends BenchDevice> devices();

  /** Replayed generations whose text was not the trace's. */
  long divergences();

  @Override
  void close();
}
