package org.sled.core;

/**
 * How many tokens a device drafts before it sends them, or whether it leaves them to the server.
 *
 * <p>It is told what happens and decides from that alone. Several generations of one device may
 * share it: any thread may call it.
 */
public interface DraftLengthPolicy {
  /**
   * Drafts of the next block.
   *
   * @param most how many it may have, at least 1
   * @return 1 to {@code most}; 0 where the server should go on alone
   */
  int next(int most);

  /**
   * The server says what its load is; told before what else its answer brings.
   *
   * @param draftSeconds what a draft more in each session's block would add to a round
   * @param aloneSeconds time per token if nobody drafted; 0: not known
   */
  void load(double draftSeconds, double aloneSeconds);

  /**
   * A block was drafted.
   *
   * @param count its drafts
   * @param nanos that they took
   * @param steady false if other work was in that time, such as computing a prompt
   */
  void drafted(int count, long nanos, boolean steady);

  /**
   * A block was answered.
   *
   * @param verified drafts that the server looked at
   * @param accepted drafts among them that were right
   * @param linkNanos of the round that were not spent at the server
   * @param serverNanos of the round that were
   */
  void answered(int verified, int accepted, long linkNanos, long serverNanos);

  /**
   * The server made tokens alone.
   *
   * @param count how many
   * @param nanos since those before them; 0 if that says nothing about its pace
   */
  void pushed(int count, long nanos);

  /**
   * Tokens that the server makes alone within a round trip of the link and some time more; 0 if
   * that is not known.
   */
  int pushedPerRoundTrip(long moreNanos);
}
