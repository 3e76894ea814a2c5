package org.sled.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.sled.net.limit.Quoted;

/**
 * Where the hub and its cache are, by the variables that Hugging Face's own tools know.
 *
 * @param endpoint of the hub, without a slash at its end ({@code HF_ENDPOINT})
 * @param cache the directory with {@code models--USER--REPO} ({@code HF_HUB_CACHE}, else {@code
 *     HF_HOME/hub})
 * @param token of the user ({@code HF_TOKEN}, else the file {@code HF_HOME/token}); empty without
 *     one. It is never printed
 * @param offline whether nobody is to be asked ({@code HF_HUB_OFFLINE})
 */
public record HubSettings(URI endpoint, Path cache, String token, boolean offline) {
  /** The variable that says where the cache is. */
  static final String CACHE = "HF_HUB_CACHE";

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

  /** What may stand in a header; whatever else it is, it is no token. */
  private static final Pattern TOKEN = Pattern.compile("[!-~]{1,4096}");

  private static final int MOST_TOKEN_FILE_BYTES = 8192;

  /**
   * Of an environment.
   *
   * @param environment the value of a variable, or null
   * @throws HubException if one of them is of no use
   */
  public static HubSettings of(UnaryOperator<String> environment) {
    Path home = home(environment);
    String cache = value(environment, CACHE);
    if (cache == null) {
      cache = value(environment, "HUGGINGFACE_HUB_CACHE");
    }
    return new HubSettings(
        endpoint(value(environment, "HF_ENDPOINT")),
        (cache == null ? home.resolve("hub") : path(CACHE, cache, environment))
            .toAbsolutePath()
            .normalize(),
        token(environment, home),
        isTrue(environment, "HF_HUB_OFFLINE"));
  }

  private static boolean isTrue(UnaryOperator<String> environment, String name) {
    String value = value(environment, name);
    return value != null && TRUE.contains(value.toLowerCase(Locale.ROOT));
  }

  private static String value(UnaryOperator<String> environment, String name) {
    String value = environment.apply(name);
    return value == null || value.isBlank() ? null : value.strip();
  }

  private static Path home(UnaryOperator<String> environment) {
    String home = value(environment, "HF_HOME");
    if (home != null) {
      return path("HF_HOME", home, environment);
    }
    String cache = value(environment, "XDG_CACHE_HOME");
    if (cache != null) {
      return path("XDG_CACHE_HOME", cache, environment).resolve("huggingface");
    }
    String user = value(environment, "HOME");
    if (user == null) {
      throw usage("there is no home directory: say with HF_HOME where models are to be kept");
    }
    return path("HOME", user, environment).resolve(".cache/huggingface");
  }

  private static Path path(String name, String value, UnaryOperator<String> environment) {
    String user = value(environment, "HOME");
    String expanded =
        user != null && (value.equals("~") || value.startsWith("~/"))
            ? user + value.substring(1)
            : value;
    try {
      return Path.of(expanded);
    } catch (IllegalArgumentException e) {
      throw usage(name + " is no directory's name: " + Quoted.of(value));
    }
  }

  private static URI endpoint(String value) {
    String text = value == null ? DEFAULT_ENDPOINT : value.replaceFirst("/+$", "");
    try {
      URI uri = URI.create(text);
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      if ((scheme.equals("https") || scheme.equals("http"))
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawQuery() == null
          && uri.getRawFragment() == null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw usage(
        "HF_ENDPOINT is "
            + Quoted.of(text)
            + ", which is no address of a hub: write https://HOST, or leave it unset");
  }

  private static String token(UnaryOperator<String> environment, Path home) {
    String token = value(environment, "HF_TOKEN");
    String origin = "HF_TOKEN";
    if (token == null) {
      String named = value(environment, "HF_TOKEN_PATH");
      Path file = named == null ? home.resolve("token") : path("HF_TOKEN_PATH", named, environment);
      token = firstLine(file);
      origin = file.toString();
    }
    if (!token.isEmpty() && !TOKEN.matcher(token).matches()) {
      throw usage(origin + " holds no token: it has blanks or characters that no token has");
    }
    return token;
  }

  /** Empty if there is no file that can be read. */
  private static String firstLine(Path file) {
    if (!Files.isRegularFile(file)) {
      return "";
    }
    try (InputStream in = Files.newInputStream(file)) {
      String text =
          new String(in.readNBytes(MOST_TOKEN_FILE_BYTES), StandardCharsets.UTF_8).strip();
      return text.lines().findFirst().orElse("").strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static HubException usage(String message) {
    return new HubException(HubException.Kind.USAGE, message);
  }

  @Override
  public String toString() {
    return "HubSettings[" + endpoint + ", " + cache + (offline ? ", offline]" : "]");
  }
}
