package org.sled.cli.hub;

/** Hears of what goes on while files are fetched. Any thread. */
public interface PullListener {
  /** A line for people. */
  void note(String line);

  /** What is being fetched now, in a few words. */
  void at(String what);

  /** So many files with so many bytes are to be fetched, of which some are there already. */
  void begins(int files, long bytes, long there);

  /**
   * So many bytes more are there.
   *
   * @param bytes negative if what was there was of no use
   */
  void fetched(long bytes);
}
