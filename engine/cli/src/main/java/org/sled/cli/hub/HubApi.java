package org.sled.cli.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.sled.net.limit.Quoted;

/**
 * What a hub says of a repository: {@code GET {endpoint}/api/models/{repo}/revision/{rev}} and
 * {@code GET/HEAD {endpoint}/{repo}/resolve/{commit}/{file}}. The caller's thread.
 */
final class HubApi {
  /** Of an answer that is JSON: a repository with some ten thousand files. */
  private static final int MOST_JSON_BYTES = 16 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HubHttp http;
  private final PullListener listener;

  /**
   * A repository at one commit.
   *
   * @param commit its name, 40 hexadecimal digits
   * @param files the GGUF files by path, in the hub's order
   */
  record Listing(String commit, Map<String, RepoFile> files) {}

  HubApi(HubHttp http, PullListener listener) {
    this.http = http;
    this.listener = listener;
  }

  /** Where a file is. */
  URI file(String repo, String commit, String path) {
    StringBuilder uri =
        new StringBuilder(http.settings().endpoint() + "/" + repo + "/resolve/" + commit);
    for (String part : path.split("/", -1)) {
      uri.append('/').append(encoded(part));
    }
    return URI.create(uri.toString());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * The GGUF files of a repository.
   *
   * @param attempts in a row that may fail before it counts as unreachable
   */
  Listing list(String repo, String revision, int attempts) throws InterruptedException {
    URI uri =
        URI.create(
            http.settings().endpoint()
                + "/api/models/"
                + repo
                + "/revision/"
                + encoded(revision)
                + "?blobs=true");
    String what = "the list of " + repo + "'s files";
    Pauses pauses = new Pauses(http.patience(), listener, what, attempts);
    while (true) {
      try (HubHttp.Answer answer = http.get(uri, 0)) {
        if (answer.status() >= 300) {
          throw refusal(answer, repo, revision, "");
        }
        return listing(repo, text(answer));
      } catch (IOException e) {
        pauses.after(e);
      }
    }
  }

  private byte[] text(HubHttp.Answer answer) throws IOException, InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] bytes = new byte[1 << 14];
    Body body = answer.body();
    body.endWithin(http.patience().page());
    for (int count = body.read(bytes); count >= 0; count = body.read(bytes)) {
      out.write(bytes, 0, count);
      if (out.size() > MOST_JSON_BYTES) {
        throw refused("the hub's answer is longer than 16 MiB, which no list of files is");
      }
    }
    if (answer.length() > out.size()) {
      throw new IOException("its answer was cut");
    }
    if (answer.isPage() || (out.size() > 0 && out.toByteArray()[0] == '<')) {
      throw page();
    }
    return out.toByteArray();
  }

  /** A page for people came where a file or JSON should be. */
  static HubException page() {
    return refused(
        "a web page came instead of the hub's answer, from a proxy or a login page in between:"
            + " check HTTPS_PROXY and HF_ENDPOINT");
  }

  private static Listing listing(String repo, byte... text) {
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw refused("the hub's answer is no JSON: check HF_ENDPOINT and proxies");
    } catch (IOException e) {
      throw new AssertionError(e); // from memory
    }
    String commit = root == null ? "" : root.path("sha").asText("");
    JsonNode siblings = root == null ? null : root.path("siblings");
    if (!RepoFile.isSha1(commit) || !siblings.isArray()) {
      throw refused(
          "the hub's answer is no list of files with a commit: check HF_ENDPOINT and proxies");
    }
    Map<String, RepoFile> files = new LinkedHashMap<>();
    for (JsonNode sibling : siblings) {
      String path = sibling.path("rfilename").asText("");
      if (path.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
        files.put(path, file(repo, path, sibling));
      }
    }
    return new Listing(commit, files);
  }

  private static RepoFile file(String repo, String path, JsonNode sibling) {
    if (!SafePath.isSafe(path)) {
      throw refused(
          "the hub names a file of "
              + repo
              + " "
              + Quoted.of(path)
              + ", which is no safe path: nothing was fetched; tell the hub of this repository");
    }
    JsonNode lfs = sibling.path("lfs");
    String sum = lfs.path("sha256").asText("");
    if (sum.isEmpty()) {
      sum = lfs.path("oid").asText("");
    }
    JsonNode size = lfs.path("size");
    if (!RepoFile.isSha256(sum)) {
      sum = lfs.isObject() ? "" : sibling.path("blobId").asText("");
    }
    if (!size.canConvertToLong()) {
      size = sibling.path("size");
    }
    boolean known = size.isIntegralNumber() && size.canConvertToLong() && size.asLong() >= 0;
    return new RepoFile(path, known ? size.asLong() : -1, RepoFile.isSum(sum) ? sum : "");
  }

  /** Asks for what the list does not say of a file. */
  RepoFile complete(String repo, String commit, RepoFile file) throws InterruptedException {
    String what = repo + "/" + file.path();
    Pauses pauses = new Pauses(http.patience(), listener, what, http.patience().pageAttempts());
    while (true) {
      try (HubHttp.Answer answer = http.head(file(repo, commit, file.path()))) {
        if (answer.status() >= 300) {
          throw refusal(answer, repo, commit, file.path());
        }
        String tag =
            answer.linkedSum().isEmpty()
                ? HubHttp.plainTag(answer.header("ETag"))
                : answer.linkedSum();
        long size = answer.linkedSize() >= 0 ? answer.linkedSize() : answer.length();
        RepoFile known =
            new RepoFile(
                file.path(),
                file.size() >= 0 ? file.size() : size,
                !file.sum().isEmpty() ? file.sum() : RepoFile.isSum(tag) ? tag : "");
        if (!known.isComplete()) {
          throw refused(
              "the hub does not say which length and checksum "
                  + what
                  + " has, so that it cannot be checked: check HF_ENDPOINT");
        }
        return known;
      } catch (IOException e) {
        pauses.after(e);
      }
    }
  }

  /**
   * Why the hub gives nothing.
   *
   * @param path of a file; empty if the repository was asked for
   */
  HubException refusal(HubHttp.Answer answer, String repo, String revision, String path) {
    URI endpoint = http.settings().endpoint();
    boolean hasToken = !http.settings().token().isEmpty();
    String code = answer.header("X-Error-Code");
    if (code.equals("RevisionNotFound")) {
      return refused(repo + " has no revision " + revision + ": leave --revision out for main");
    }
    if (code.equals("EntryNotFound") || (answer.status() == 404 && !path.isEmpty())) {
      return refused(repo + " has no file " + Quoted.of(path) + " any more: try again");
    }
    boolean gated = code.equals("GatedRepo") || answer.status() == 403;
    if (gated) {
      return refused(
          repo
              + " is only for those who were given access: ask for it on "
              + endpoint
              + "/"
              + repo
              + (hasToken ? "; the token in use has none" : ", and set HF_TOKEN to your token"));
    }
    if (answer.status() == 401 && hasToken && !code.equals("RepoNotFound")) {
      return refused(
          "the hub does not take the token in HF_TOKEN or HF_HOME: set HF_TOKEN to a valid one, or"
              + " remove it for public models");
    }
    if (answer.status() == 401 || answer.status() == 404) {
      return refused(
          "the hub has no "
              + repo
              + " that it shows "
              + (hasToken
                  ? "to the token in use: check the name, or ask for access"
                  : "without a token: check the name, or set HF_TOKEN if it is private"));
    }
    if (answer.isPage()) {
      return page();
    }
    return refused(
        "the hub answers "
            + answer.status()
            + " about "
            + repo
            + ": check HF_ENDPOINT and proxies, or try again later");
  }

  private static HubException refused(String message) {
    return new HubException(HubException.Kind.REFUSED, message);
  }
}
