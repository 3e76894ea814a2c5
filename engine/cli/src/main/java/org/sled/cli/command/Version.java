package org.sled.cli.command;

import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
public final class Version implements IVersionProvider {
  /**
   * What the jar's manifest says; from class files, as the launcher runs them, a development one.
   */
  public static String sled() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? System.getProperty("sled.version", "0.1.0-SNAPSHOT") : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"sled " + sled()};
  }
}
