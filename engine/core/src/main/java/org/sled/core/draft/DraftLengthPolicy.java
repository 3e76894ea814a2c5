package org.sled.core.draft;

/**
 * How many tokens a device drafts before it sends them, how many blocks it has in flight, or
 * whether it leaves the text to the server.
 *
 * <p>It is told what happens and decides from that alone. Several generations of one device may
 * share it: any thread may call it. Allocates nothing. No method has a default, so that what wraps
 * a policy cannot forget one.
 */
public interface DraftLengthPolicy {
  /**
   * How long the next block should be, by the drafts that are there already.
   *
   * @param probabilities that the draft model gave its drafts; not kept
   * @param from index of the block's first draft in it
   * @param ready drafts of the block that are there, from {@code from} on; 0 to {@code most}
   * @param most how many it may have, at least 1
   * @return up to {@code ready}: send so many; more: draft another one, and ask again; 0: the
   *     server should go on alone
   */
  int next(float[] probabilities, int from, int ready, int most);

  /**
   * Whether to draft a token more while nothing can be sent before a verdict comes. It takes no
   * time then, but the verdict may have to wait for the draft at work.
   *
   * @param probabilities of all drafts behind the committed tokens; not kept
   * @param from index of the next block's first draft in it, behind those in flight and the guess
   *     for the token behind them
   * @param ready drafts of the next block that are there; -1 if the guess is missing, too
   * @param most how many it may have, more than {@code ready}
   * @param waitedNanos since the block was sent whose verdict is next
   */
  boolean draftsAhead(float[] probabilities, int from, int ready, int most, long waitedNanos);

  /**
   * Whether to catch up before the next block, since the draft model has not computed what is
   * committed. The server goes on alone meanwhile, so that it takes none of the text's time, but
   * all of the device's.
   *
   * @param nanos that catching up takes the device
   * @param remainingTokens that the text may still have
   */
  boolean worthCatchingUp(long nanos, int remainingTokens);

  /** Blocks in flight that pay, at least 1: more than that would not make the text faster. */
  int window();

  /**
   * How long the link takes, measured otherwise than by a block: what counts before the first one,
   * and while the server goes on alone.
   *
   * @param roundTripNanos of the link alone
   */
  void link(long roundTripNanos);

  /**
   * The server says what its load is; told before what else its answer brings.
   *
   * @param draftSeconds what a draft more in each session's block would add to a round
   * @param aloneSeconds time per token if nobody drafted; 0: not known
   * @param commonDrafts that blocks best have all alike, since they share their steps; 0: not said
   */
  void load(double draftSeconds, double aloneSeconds, int commonDrafts);

  /**
   * A token was drafted.
   *
   * @param nanos that it took
   * @param steady false if other work was in that time, such as computing a prompt
   */
  void drafted(long nanos, boolean steady);

  /**
   * A block was answered.
   *
   * @param probabilities that the draft model gave its drafts; not kept
   * @param from index of the block's first draft in it
   */
  void answered(BlockAnswer answer, float[] probabilities, int from);

  /**
   * The server goes on alone until the draft model has caught up, although a block was wanted: it
   * is asked again then, and to begin with drafts takes a round trip.
   */
  void catchesUp();

  /**
   * Whether to draft a token beside those that the server makes alone: nobody waits for it, and it
   * shows how good drafts are.
   */
  boolean wantsTrial();

  /**
   * A token that the server made alone had been drafted, or another one in its place.
   *
   * @param right whether it had been
   * @param probability that the draft model gave its draft
   */
  void tried(boolean right, float probability);

  /**
   * The server made tokens alone.
   *
   * @param count how many
   * @param nanos between the arrivals of those before them and theirs; -1: these are the first
   */
  void pushed(int count, long nanos);

  /**
   * What it has learnt that the next client of the pair may begin with; nothing of link or load.
   */
  DraftExperience experience();
}
