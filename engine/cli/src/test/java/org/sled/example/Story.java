package org.sled.example;

import java.nio.file.Path;
import java.util.List;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.device.SledClient;
import org.sled.device.SledClientException;
import org.sled.jni.ChatMessage;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.Sampling;

/** Prints the target's answer as it comes: {@code Story HOST PORT DRAFT.gguf "Tell me a story"}. */
public final class Story {
  public static void main(String[] args) throws InterruptedException {
    try (Model draft = Model.open(Path.of(args[2]), ModelParams.DEFAULT);
        SledClient client =
            SledClient.builder()
                .server(args[0], Integer.parseInt(args[1]))
                .draftModel(draft)
                .connect()) {
      int[] prompt = client.tokenizeChat(List.of(new ChatMessage("user", args[3])));
      GenerationRequest request =
          GenerationRequest.of(prompt)
              .withMaxTokens(256)
              .withSampling(Sampling.GREEDY.withTemperature(0.8f).withSeed(7));
      try (Generation story = client.start(request)) {
        for (String piece : story.text()) {
          System.out.print(piece);
        }
        System.out.println();
      }
    } catch (SledClientException e) {
      System.err.println(e.getMessage()); // says what to do
    }
  }

  private Story() {}
}
