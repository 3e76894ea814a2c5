package org.sled.cli.generate;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.output.Percentiles;

/**
 * What {@code sled generate --json} prints. What does not apply is null, never 0.
 *
 * @param tokens new tokens
 * @param tokensPerSecond over the whole time, prompt included
 * @param rounds blocks that were verified
 * @param resumes how often the text went on over another connection
 * @param drafted draft tokens in them
 * @param accepted draft tokens that the target would have chosen too
 * @param acceptedShare accepted ÷ drafted
 * @param acceptancePerPosition P(match at i, given all before)
 * @param roundMs round times, ms
 * @param overheadUs the server's time beside queueing and computing, µs
 * @param text what was generated
 * @param tokenIds the same as ids
 * @param finishReason "stop", "length", "context" or "cancelled"
 * @param ttftMs time to the first token, ms
 * @param draftTokens drafts per block that were asked for
 * @param promptTokens tokens of the prompt
 * @param server where the server listens
 * @param sampling its fields stand beside the others
 * @param templateTime the date and time that the chat template wrote into the prompt, as
 *     --template-time takes it; null if it wrote none
 * @param stop texts at which it was to end
 * @param numerics "exact" or "fast", of the server or of the target alone
 * @param numericsId of the server, or of the target alone: equal ids give equal bits
 * @param target the target's name
 * @param draft the draft model's file, none for prompt lookup
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record GenerationReport(
    int tokens,
    Double tokensPerSecond,
    Integer rounds,
    Integer resumes,
    Long drafted,
    Long accepted,
    Double acceptedShare,
    List<Double> acceptancePerPosition,
    Percentiles roundMs,
    Percentiles overheadUs,
    String text,
    List<Integer> tokenIds,
    String finishReason,
    Double ttftMs,
    Integer draftTokens,
    int promptTokens,
    String server,
    @JsonUnwrapped SamplingReport sampling,
    String templateTime,
    List<String> stop,
    String numerics,
    String numericsId,
    String target,
    String draft) {}
