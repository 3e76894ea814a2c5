package org.sled.cli.options;

import java.util.ArrayList;
import java.util.List;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.device.text.Seeds;
import org.sled.jni.Model;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How tokens are chosen; the names are those of {@link Sampling#problem}. */
public final class SamplingOptions {
  @Option(
      names = {"--temperature", "--temp"},
      paramLabel = "T",
      defaultValue = "0",
      description =
          "0: the most likely token, always. Above: tokens are drawn, the more freely the higher."
              + " Default: ${DEFAULT-VALUE}.")
  private float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Draw from the K likeliest tokens; 0: from all. Default: ${DEFAULT-VALUE}.")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Draw from the likeliest tokens that have this share together. Default:"
              + " ${DEFAULT-VALUE}, from all.")
  private float topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Draw from tokens with at least this share of the likeliest one's probability. Default:"
              + " ${DEFAULT-VALUE}, from all.")
  private float minP;

  @Option(
      names = "--repeat-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Makes tokens that came before less likely, 0.01 to 100. Default: ${DEFAULT-VALUE}, not"
              + " at all.")
  private float repeatPenalty;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description =
          "Subtracted from the logits of tokens that came before. Default: ${DEFAULT-VALUE}.")
  private float presencePenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "Subtracted for each time that a token came before. Default: ${DEFAULT-VALUE}.")
  private float frequencyPenalty;

  @Option(
      names = "--penalty-last-n",
      paramLabel = "N",
      defaultValue = "64",
      description =
          "Tokens that penalties look back; -1: all, with the prompt. Default: ${DEFAULT-VALUE}.")
  private int penaltyLastN;

  @Option(
      names = "--logit-bias",
      paramLabel = "TOKEN=BIAS",
      split = ",",
      converter = BiasConverter.class,
      description =
          "Added to the logit of the token with this id, -1000 to 1000; -1000 forbids it. May be"
              + " given several times.")
  private List<TokenBias> logitBias = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      converter = SeedConverter.class,
      description =
          "The same seed gives the same text. -1, the default: a new one each time, which is"
              + " reported as it was drawn.")
  private Long seed;

  /** {@code TOKEN=BIAS}. */
  static final class BiasConverter implements ITypeConverter<TokenBias> {
    @Override
    public TokenBias convert(String value) {
      int equals = value.indexOf('=');
      try {
        return new TokenBias(
            Integer.parseInt(value.substring(0, Math.max(0, equals)).strip()),
            Float.parseFloat(value.substring(equals + 1)));
      } catch (NumberFormatException e) {
        throw new TypeConversionException(
            "'" + value + "' is no TOKEN=BIAS, such as 50256=-100, with a token id and a number");
      }
    }
  }

  /** 64 bits, written with or without a sign; "-1" is as if none was given. */
  static final class SeedConverter implements ITypeConverter<Long> {
    private static final String RANDOM = "-1";

    @Override
    public Long convert(String value) {
      if (value.equals(RANDOM)) {
        return Seeds.random();
      }
      try {
        return value.startsWith("-") ? Long.parseLong(value) : Long.parseUnsignedLong(value);
      } catch (NumberFormatException e) {
        throw new TypeConversionException(
            "'" + value + "' is no whole number from -9223372036854775808 to 18446744073709551615");
      }
    }
  }

  /**
   * The parameters, with a seed of their own where none was given; call it once.
   *
   * @throws CommandFailure if a value is out of its range; it names the option
   */
  public Sampling sampling() {
    Sampling sampling =
        new Sampling(
            temperature,
            topK,
            topP,
            minP,
            repeatPenalty,
            presencePenalty,
            frequencyPenalty,
            penaltyLastN,
            seed == null ? 0 : seed,
            logitBias);
    require(sampling.problem());
    return seed == null && sampling.usesSeed() ? sampling.withSeed(Seeds.random()) : sampling;
  }

  /**
   * Checks what needs the model.
   *
   * @throws CommandFailure if a biased token is not one of its
   */
  public static void check(Sampling sampling, Model tokenizer) {
    require(sampling.biasProblem(tokenizer.info().vocabularyTokens()));
  }

  private static void require(String problem) {
    if (problem != null) {
      throw new CommandFailure(ExitCodes.USAGE, "--" + problem);
    }
  }
}
