vcl 4.1;

backend default {
  .host = "127.0.0.1";
  .port = "8182";
}

sub vcl_recv {
  # The image server writes the host into its documents: nobody may choose it.
  if (req.http.Host !~ "(?i)^images\.example\.org(:\d+)?$") {
    return (synth(421));
  }
  set req.http.Host = "images.example.org";
  set req.http.X-Forwarded-Host = req.http.Host;
  set req.http.X-Forwarded-For = client.ip;
  # TLS ends in front of Varnish.
  set req.http.X-Forwarded-Proto = "https";
}

sub vcl_backend_response {
  # An error instead of a renewal takes nothing away.
  if (bereq.is_bgfetch && beresp.status >= 500) {
    return (abandon);
  }
  # What is past its time is kept a while, to be asked for with If-None-Match.
  set beresp.keep = 1d;
  # By itself, Varnish serves everything for 10 seconds more.
  if (beresp.http.Cache-Control !~ "stale-while-revalidate") {
    set beresp.grace = 0s;
  }
}

sub vcl_deliver {
  # What Varnish has done, in the words of RFC 9211.
  if (resp.http.Cache-Status) {
    set resp.http.Cache-Status = resp.http.Cache-Status + ", ";
  }
  if (obj.hits > 0) {
    set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; hit";
  } elseif (obj.uncacheable) {
    set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; fwd=bypass";
  } else {
    set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; fwd=miss";
  }
}
