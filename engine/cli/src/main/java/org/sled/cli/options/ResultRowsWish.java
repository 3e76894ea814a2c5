package org.sled.cli.options;

import org.sled.jni.ResultRows;

/** What {@code --result-rows} of a server takes. */
public enum ResultRowsWish {
  /** By trial on a GPU, whole on a CPU. */
  AUTO(null),
  LARGEST(ResultRows.LARGEST),
  WHOLE(ResultRows.WHOLE);

  private final ResultRows resultRows;

  ResultRowsWish(ResultRows resultRows) {
    this.resultRows = resultRows;
  }

  /** For the engine; null leaves it the choice. */
  public ResultRows resultRows() {
    return resultRows;
  }
}
