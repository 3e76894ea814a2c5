/** Model files and traces by what the user calls them: paths, names on a hub, bundled models. */
package org.sled.cli.files;
