package org.sled.device.vocabulary;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.sled.bridge.Fingerprints;
import org.sled.device.SledClientException;
import org.sled.device.TokenizerMismatchException;
import org.sled.device.draft.DraftTokens;
import org.sled.device.link.Uplink;
import org.sled.jni.Model;
import org.sled.jni.SharedTokens;
import org.sled.net.limit.LogLimit;
import org.sled.net.limit.Quoted;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * With what a client turns text into the target's tokens and back, and which of these its draft
 * model may propose. Where the client's own tokenizer is the target's, that is all. Else the
 * target's comes from the server, and the two vocabularies are compared id by id: drafts are ids,
 * and a wrong one costs time, never the text. Any thread.
 */
public final class TargetVocabulary implements AutoCloseable {
  /** A program with many clients warns a few times of each of its draft models, not for each. */
  private static final LogLimit WARNINGS = new LogLimit(4, TimeUnit.MINUTES.toNanos(1));

  private static final Logger LOG = LoggerFactory.getLogger(TargetVocabulary.class);

  private final Model fetched; // ours to close; null: the client's own tokenizer serves
  private final DraftTokens draftTokens; // null: all of the target's

  private TargetVocabulary(Model fetched, DraftTokens draftTokens) {
    this.fetched = fetched;
    this.draftTokens = draftTokens;
  }

  /** Of a client that needs no vocabulary, or whose own tokenizer is known to be the target's. */
  public static TargetVocabulary own() {
    return new TargetVocabulary(null, null);
  }

  /**
   * Gets the target's vocabulary where the client's is another one.
   *
   * @param own the client's tokenizer; null: it has none
   * @param drafts whether that is a model that drafts
   * @param timeout for each answer of the server
   * @throws TokenizerMismatchException if the draft model shares too little with the target, or the
   *     server gives no vocabulary to compare it with
   * @throws SledClientException if the vocabulary cannot be had, see {@link VocabularyCache#open}
   */
  public static TargetVocabulary of(
      Uplink uplink, Model own, boolean drafts, VocabularyCache cache, Duration timeout)
      throws InterruptedException {
    Welcome welcome = uplink.connection().welcome();
    TokenizerFingerprint fingerprint = own == null ? null : Fingerprints.of(own.info());
    if (own != null && fingerprint.matches(welcome.fingerprint())) {
      return own();
    }
    if (own != null && !welcome.hasVocabulary()) {
      throw new TokenizerMismatchException(
          "the draft model's tokenizer is not the target's (draft vs target: "
              + fingerprint.describeDifference(welcome.fingerprint())
              + "), and the server gives no vocabulary to compare it with. "
              + remedy(welcome),
          welcome.modelName());
    }
    Model fetched = cache.open(uplink, timeout);
    boolean fits = false;
    try {
      DraftTokens tokens = drafts ? compare(fetched, own, welcome) : null;
      fits = true;
      return new TargetVocabulary(fetched, tokens);
    } finally {
      if (!fits) {
        fetched.close();
      }
    }
  }

  private static DraftTokens compare(Model target, Model draft, Welcome welcome) {
    SharedTokens shared = SharedTokens.of(target, draft);
    int other = shared.targetTokens() - shared.count();
    if (!DraftTokens.areEnough(shared)) {
      throw new TokenizerMismatchException(
          String.format(
              Locale.ROOT,
              "only %,d of the target's %,d token ids are the same token in the draft model, and at"
                  + " least nine tenths must be; %s. %s",
              shared.count(),
              shared.targetTokens(),
              firstDifference(shared, target, draft),
              remedy(welcome)),
          welcome.modelName());
    }
    long leftOut = other == 0 ? LogLimit.LEFT_OUT : WARNINGS.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.warn(
          "{} of the target's {} token ids are another token in the draft model, or none, and are"
              + " never proposed; {}{}",
          other,
          shared.targetTokens(),
          firstDifference(shared, target, draft),
          LogLimit.more(leftOut));
    }
    int newline = draft.info().newlineToken();
    return new DraftTokens(shared::contains, Math.max(0, newline));
  }

  private static String remedy(Welcome welcome) {
    return "Use a draft model of the target's family"
        + (welcome.modelName().isEmpty() ? "" : " (it is " + Quoted.of(welcome.modelName()) + ")")
        + ", or none (--model none, SledClient.Builder.promptLookup)";
  }

  private static String firstDifference(SharedTokens shared, Model target, Model draft) {
    int token = shared.firstDifference();
    return "the first that differs is "
        + token
        + ": "
        + spelled(target, token)
        + " in the target, "
        + (token < draft.info().vocabularyRows() ? spelled(draft, token) : "not there")
        + " in the draft model";
  }

  private static String spelled(Model model, int token) {
    return Quoted.of(new String(model.tokenBytes(token, true), StandardCharsets.UTF_8));
  }

  /** The target's vocabulary as it came from the server; null: the client's own tokenizer is it. */
  public Model fetched() {
    return fetched;
  }

  /** What the draft model may propose; null: all of the target's tokens. */
  public DraftTokens draftTokens() {
    return draftTokens;
  }

  /** Closes what came from the server. Idempotent. */
  @Override
  public void close() {
    if (fetched != null) {
      fetched.close();
    }
  }
}
