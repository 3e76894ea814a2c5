package org.sled.cli.demo;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.sled.cli.generate.GenerationReport;
import org.sled.cli.options.SamplingReport;
import org.sled.cli.output.Percentiles;

/**
 * What {@code sled demo --json} prints: the fields of {@link GenerationReport} over all devices,
 * and what came of the comparison. What does not apply is null, never 0.
 *
 * @param exact true only if streams were compared token by token, and all were equal
 * @param streamsCompared streams that were compared with the target alone
 * @param streams streams in all
 * @param tokensCompared tokens in the compared ones
 * @param devices how many devices there were
 * @param seconds how long they ran
 * @param tokens tokens of all streams
 * @param tokensPerSecond of all devices together
 * @param text of the stream that is shown
 * @param tokenIds of the same
 * @param finishReason of the same
 * @param ttftMs median time to the first token, ms
 * @param serverRounds rounds as the server counted them
 * @param serverSteps steps of the server; rounds ÷ steps is what batching gave
 * @param target the target's name
 * @param draft the draft model's file
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record DemoReport(
    boolean exact,
    int streamsCompared,
    int streams,
    long tokensCompared,
    int devices,
    Double seconds,
    long tokens,
    Double tokensPerSecond,
    long rounds,
    long drafted,
    long accepted,
    Double acceptedShare,
    List<Double> acceptancePerPosition,
    Percentiles roundMs,
    Percentiles overheadUs,
    String text,
    List<Integer> tokenIds,
    String finishReason,
    Double ttftMs,
    int draftTokens,
    String server,
    @JsonUnwrapped SamplingReport sampling,
    String numerics,
    String numericsId,
    long serverRounds,
    long serverSteps,
    String target,
    String draft) {}
